import { fileURLToPath } from "node:url";

export default {
  resolve: { alias: { xai_widgets: fileURLToPath(new URL("src", import.meta.url)) } },
};
