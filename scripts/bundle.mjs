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

/**
 * What makes certificates comes in a hundred small files, and is read when it is needed: joined into a file of its own,
 * that takes half the time.
 */
const certificates = {
  name: 'certificates',
  async setup({ onLoad }) {
    await build({
      stdin: { contents: "require('reflect-metadata'); module.exports = require('@peculiar/x509')", resolveDir: root },
      outfile: `${dist}/bundle/x509.cjs`,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      logLevel: 'warning',
    })
    onLoad({ filter: /machinery\/x509\/library\.js$/ }, () => ({
      contents: "export const loadLibrary = () => require('./x509.cjs')",
    }))
  },
}

await build({
  entryPoints: { main: `${dist}/cli/main.js`, 'config-worker': `${dist}/config/config-worker.js` },
  outdir: `${dist}/bundle`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...apart, './x509.cjs'],
  plugins: [certificates],
  // Packages in CommonJS require what Node.js comes with.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  sourcemap: true,
  logLevel: 'warning',
})
