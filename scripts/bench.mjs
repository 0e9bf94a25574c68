// npm run bench [-- SECTION ...]: prints measured numbers beside the ones to reach. Run it on a machine that has nothing
// else to do; `cluster` needs root.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { apiServer, cluster, controlPlane } from '../bench/cluster.mjs'
import { row } from '../bench/table.mjs'

const folder = fileURLToPath(new URL('../bench', import.meta.url))

/** Sections that are programs of their own. */
const program = name => async () => {
  if (!existsSync(`${folder}/${name}.mjs`)) return
  const child = spawn(process.execPath, [`${folder}/${name}.mjs`], { stdio: 'inherit' })
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
}

const sections = {
  'control-plane': controlPlane,
  apiserver: apiServer,
  cluster,
  storage: program('storage'),
  scheduler: program('scheduler'),
  'scheduler-alone': program('scheduler-alone'),
  writes: program('writes'),
  controllers: program('controllers'),
  api: program('api'),
}
const chosen = process.argv.slice(2)
for (const name of chosen)
  if (!(name in sections)) {
    console.error(`there is no section ${name}; choose of ${Object.keys(sections).join(', ')}`)
    process.exit(1)
  }
row('', 'reach', 'measured')
for (const [name, run] of Object.entries(sections)) if (chosen.length === 0 || chosen.includes(name)) await run()
