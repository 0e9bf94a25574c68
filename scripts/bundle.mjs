// Joins the compiled command into a few files below dist/bundle: reading hundreds of small ones takes longer than all
// else a start does. What is large or native stays a package of its own.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeDescriptions } from './descriptions.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Where the compiled project is; T8S_DIST says otherwise. */
const dist = resolve(process.env.T8S_DIST ?? `${root}/dist`)
/** What is native, or large and seldom needed. */
const apart = ['lmdb', '@grpc/grpc-js', 'jiti']

await writeDescriptions(dist)

await build({
  entryPoints: { main: `${dist}/cli/main.js`, 'config-worker': `${dist}/config/config-worker.js` },
  outdir: `${dist}/bundle`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: apart,
  // Packages in CommonJS require what Node.js comes with.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  sourcemap: true,
  logLevel: 'warning',
})
