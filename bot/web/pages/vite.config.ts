import { defineConfig } from "vite";

// Each page is one HTML file here. The result goes to ../static, which is committed: a server
// needs no Node. Names carry a hash of the content, so browsers may keep them for ever.
export default defineConfig({
  base: "/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: { room: "room.html", console: "console.html" } },
  },
});
