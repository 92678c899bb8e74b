export { FULL } from "./latest"; // until every widget is ported
