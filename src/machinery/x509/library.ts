import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * The library that reads and writes X.509. It takes longer to load than all else of a process, so only what makes
 * certificates asks for it; `require` does it in half the time of `import()`.
 */
export const loadLibrary = (): typeof import('@peculiar/x509') => {
  // The library's dependency injection insists on it.
  require('reflect-metadata')
  return require('@peculiar/x509')
}
