/** The style of a part, minified, as text. */
declare module "*.css" {
  const text: string;
  export default text;
}
