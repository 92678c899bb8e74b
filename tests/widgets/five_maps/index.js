export default { render: ({ el }) => el.append("built by js/scripts/build.mjs from five_maps/index.ts") };
