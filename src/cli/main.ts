#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { OperatorError } from '../cluster/operator-error.js'
import { DEFAULT_CLUSTER } from '../cluster/paths.js'
import { messageOf } from '../machinery/message-of.js'
import { addApiServerCommand } from './api-server.js'
import { addCertsCommands } from './certs-commands.js'
import { addClusterCommands } from './cluster-commands.js'
import { addComponentCommands } from './component-commands.js'
import { addImageCommands } from './image-commands.js'
import { addInternalCommands } from './internal-commands.js'
import { addTokenCommands } from './token-commands.js'

// Objects from caches are frozen while developing and testing, which costs; what runs from here is neither.
process.env['NODE_ENV'] ??= 'production'

// Who reads only the beginning (`| head`) has what they want.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const program = new Command('t8s')
  .description('Kubernetes in TypeScript: a real cluster from one command.')
  .enablePositionalOptions()
  .showHelpAfterError('(`t8s --help` lists what there is)')
  .configureHelp({ sortSubcommands: false })
  .addHelpText('after', `\nStart with: t8s up        The cluster is called ${DEFAULT_CLUSTER} unless you say --name.`)

addClusterCommands(program)
addImageCommands(program)
addCertsCommands(program)
addTokenCommands(program)
addApiServerCommand(program)
addComponentCommands(program)
addInternalCommands(program)

try {
  await program.exitOverride().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    process.stderr.write(`error: ${messageOf(error)}\n`)
    if (error instanceof OperatorError) process.stderr.write(`${error.remedy}\n`)
    else if (process.env['T8S_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    process.exitCode = 1
  }
}
