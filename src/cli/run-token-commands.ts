import { randomInt } from 'node:crypto'
import { writeFileAtomically } from '../cluster/atomic-file.js'
import {
  type BootstrapToken,
  type BootstrapTokenUsage,
  bootstrapGroupForm,
  createBootstrapToken,
  deleteBootstrapToken,
  listBootstrapTokens,
  splitBootstrapToken,
} from '../cluster/bootstrap-tokens.js'
import { defaultTokenGroups, publishedCluster } from '../cluster/joining.js'
import { kubeconfigText } from '../cluster/kubeconfig-text.js'
import { OperatorError } from '../cluster/operator-error.js'
import { connect, type KubeconfigFlags } from './connect.js'
import { durationMs } from './flag-values.js'
import { residualText } from './residual-text.js'
import { formatTable } from './table.js'

interface CreateFlags extends KubeconfigFlags {
  readonly ttl: string
  readonly description?: string
  readonly usages: readonly string[]
  readonly groups?: readonly string[]
  readonly bootstrapKubeconfig?: string
}

const usages: readonly BootstrapTokenUsage[] = ['signing', 'authentication']
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
const userAgent = 't8s/v1.36.2'

const randomText = (length: number): string => Array.from({ length }, () => letters[randomInt(letters.length)]).join('')

/** `t8s token create [token]`: prints the token. */
export async function createToken(given: string | undefined, flags: CreateFlags): Promise<void> {
  const token = tokenOf(given, flags, Date.now())
  const { client, connection, transport } = await connect(flags, userAgent)
  await using _transport = transport
  await createBootstrapToken(client, token)
  const text = `${token.id}.${token.secret}`
  if (flags.bootstrapKubeconfig) {
    // This machine may reach the server by another address than new nodes do.
    const cluster = (await publishedCluster(client)) ?? connection
    const content = kubeconfigText(cluster, 'kubelet-bootstrap', { token: text })
    await writeFileAtomically(flags.bootstrapKubeconfig, content, { mode: 0o600 })
  }
  process.stdout.write(`${text}\n`)
}

/** The token that the flags ask for. Throws an `OperatorError` for what is none. */
export function tokenOf(given: string | undefined, flags: CreateFlags, now: number): BootstrapToken {
  const parts = given === undefined ? { id: randomText(6), secret: randomText(16) } : splitBootstrapToken(given)
  if (!parts)
    throw new OperatorError(
      `${JSON.stringify(given)} is no token`,
      'A token is six and sixteen small letters or digits with a dot between, as in abcdef.0123456789abcdef.',
    )
  const unknown = flags.usages.find(name => !usages.some(usage => usage === name))
  if (unknown !== undefined || flags.usages.length === 0)
    throw new OperatorError(
      `--usages is ${JSON.stringify(flags.usages.join(','))}`,
      `Give some of ${usages.join(',')}.`,
    )
  const groups = flags.groups ?? (flags.usages.includes('authentication') ? defaultTokenGroups : [])
  const wrong = groups.find(group => !bootstrapGroupForm.test(group))
  if (wrong !== undefined)
    throw new OperatorError(
      `${JSON.stringify(wrong)} is no group of bootstrap tokens`,
      'Their names begin with system:bootstrappers: and go on with small letters, digits, colons and dashes.',
    )
  const ttl = durationMs('--ttl', flags.ttl === '0' ? '0s' : flags.ttl)
  if (ttl < 0) throw new OperatorError(`--ttl is ${JSON.stringify(flags.ttl)}`, 'Give a duration such as 24h, or 0.')
  return {
    ...parts,
    ...(flags.description ? { description: flags.description } : {}),
    ...(ttl > 0 ? { expires: now + ttl } : {}),
    usages: usages.filter(usage => flags.usages.includes(usage)),
    groups,
  }
}

/** `t8s token list` */
export async function listTokens(flags: KubeconfigFlags & { readonly output: string }): Promise<void> {
  if (flags.output !== 'table' && flags.output !== 'json')
    throw new OperatorError(`--output is ${JSON.stringify(flags.output)}`, 'Give table or json.')
  const { client, transport } = await connect(flags, userAgent)
  await using _transport = transport
  const tokens = await listBootstrapTokens(client)
  process.stdout.write(flags.output === 'json' ? jsonOf(tokens) : tableOf(tokens, Date.now()))
}

const expirationText = ({ expires }: BootstrapToken): string | undefined =>
  expires === undefined || Number.isNaN(expires) ? undefined : new Date(expires).toISOString().replace(/\.\d+Z$/, 'Z')

function tableOf(tokens: readonly BootstrapToken[], now: number): string {
  const header = ['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS']
  const rows = tokens.map(token => {
    const { id, secret, expires, description, groups } = token
    return [
      `${id}.${secret}`,
      expires === undefined ? '<forever>' : Number.isNaN(expires) ? '<invalid>' : residualText(expires - now),
      expires === undefined ? '<never>' : (expirationText(token) ?? '<invalid>'),
      token.usages.join(',') || '<none>',
      description ?? '<none>',
      groups.join(',') || '<none>',
    ]
  })
  return formatTable([header, ...rows])
}

function jsonOf(tokens: readonly BootstrapToken[]): string {
  const listed = tokens.map(token => {
    const expires = expirationText(token)
    return {
      token: `${token.id}.${token.secret}`,
      ...(token.description ? { description: token.description } : {}),
      ...(expires ? { expires } : {}),
      usages: token.usages,
      groups: token.groups,
    }
  })
  return `${JSON.stringify({ tokens: listed }, null, 2)}\n`
}

/** `t8s token delete TOKEN...` */
export async function deleteTokens(tokens: readonly string[], flags: KubeconfigFlags): Promise<void> {
  const ids = tokens.map(token => splitBootstrapToken(token)?.id ?? token)
  const wrong = ids.find(id => !/^[a-z0-9]{6}$/.test(id))
  if (wrong !== undefined)
    throw new OperatorError(`${JSON.stringify(wrong)} is no token, nor the first part of one`, 'See `t8s token list`.')
  const { client, transport } = await connect(flags, userAgent)
  await using _transport = transport
  for (const id of ids) {
    await deleteBootstrapToken(client, id)
    process.stdout.write(`bootstrap token ${JSON.stringify(id)} deleted\n`)
  }
}
