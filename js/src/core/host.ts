export { atEnd, now } from "./model"; // until every widget is ported
