// Exits with 0 if node_modules holds what package-lock.json says, else with 1. Packages that are optional, or meant for
// other systems, may be absent.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = process.argv[2] ?? '.'

const read = path => {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'))
  } catch {
    return undefined
  }
}

const wanted = read('package-lock.json')?.packages
const installed = read('node_modules/.package-lock.json')?.packages
if (!wanted || !installed) process.exit(1)

const isInstalled = ([path, { version, optional, devOptional, peer }]) =>
  path === '' || installed[path]?.version === version || (!installed[path] && (optional || devOptional || peer))

process.exit(Object.entries(wanted).every(isInstalled) ? 0 : 1)
