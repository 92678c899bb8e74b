export { UNSAVED } from "./picker"; // until every widget is ported
