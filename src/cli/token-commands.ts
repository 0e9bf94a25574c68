import type { Command } from 'commander'
import { withKubeconfig } from './component-commands.js'

const commas = (value: string): readonly string[] => value.split(',').filter(Boolean)

/** Tokens by which new nodes introduce themselves, as `kubeadm token` has them. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').summary('make, list and delete tokens of new nodes')
  withKubeconfig(token.command('create'))
    .summary('make a token')
    .argument('[token]', 'as in abcdef.0123456789abcdef; made up when absent')
    .option('--ttl <duration>', 'how long it is good; 0 for ever', '24h')
    .option('--description <text>', 'what it is for')
    .option('--usages <names>', 'what it is good for', commas, ['signing', 'authentication'])
    .option('--groups <names>', 'groups of who brings it', commas)
    .option('--bootstrap-kubeconfig <file>', 'write a file for `t8s kubelet --bootstrap-kubeconfig`, too')
    .action(async (given, options) => (await import('./run-token-commands.js')).createToken(given, options))
  withKubeconfig(token.command('list'))
    .summary('list the tokens there are')
    .option('-o, --output <format>', 'table or json', 'table')
    .action(async options => (await import('./run-token-commands.js')).listTokens(options))
  withKubeconfig(token.command('delete'))
    .summary('delete tokens')
    .argument('<tokens...>', 'tokens, or their first parts')
    .action(async (tokens, options) => (await import('./run-token-commands.js')).deleteTokens(tokens, options))
}
