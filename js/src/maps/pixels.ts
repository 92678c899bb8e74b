export { pixelsOf } from "../parts/heat"; // until every widget is ported
