import type { Command } from 'commander'
import { withCluster } from './cluster-commands.js'

/** Images without a registry. */
export function addImageCommands(program: Command): void {
  const image = program.command('image').summary('images of the cluster')
  withCluster(image.command('load'))
    .summary('load a Docker or OCI archive into the cluster')
    .argument('<file>', 'the archive, possibly compressed; - for standard input')
    .action(async (file, options) => (await import('./run-image-commands.js')).load(file, options))
  withCluster(image.command('list'))
    .summary('list the images of the cluster')
    .action(async options => (await import('./run-image-commands.js')).list(options))
}
