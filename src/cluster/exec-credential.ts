import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { messageOf } from '../machinery/message-of.js'
import type { Connection } from './connection.js'
import type { KubeconfigExec } from './kubeconfig.js'
import { hasCode, OperatorError } from './operator-error.js'

/** What a credential program answered. */
export interface ExecCredential {
  readonly token?: string | undefined
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
  /** Milliseconds since the epoch; without it, valid until the server says otherwise. */
  readonly expires?: number | undefined
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']

/** Whether the program may talk to whoever sits at the terminal. */
const isInteractive = ({ interactiveMode = 'IfAvailable', command }: KubeconfigExec, terminal: boolean): boolean => {
  if (interactiveMode === 'Always' && !terminal)
    throw new OperatorError(`${command} must ask for credentials, but there is no terminal`, 'Run in a terminal.')
  return interactiveMode !== 'Never' && terminal
}

/**
 * Runs the credential program of a kubeconfig user as the `client.authentication.k8s.io` protocol wants it. Throws an
 * `OperatorError` if it cannot be run, fails, or answers with something else.
 */
export const runExecPlugin = async (
  exec: KubeconfigExec,
  connection: Connection,
  { signal, terminal = process.stdin.isTTY === true }: { signal?: AbortSignal; terminal?: boolean } = {},
): Promise<ExecCredential> => {
  const { apiVersion, command } = exec
  if (!VERSIONS.includes(apiVersion))
    throw new OperatorError(
      `${command}: the credential protocol ${JSON.stringify(apiVersion)} is not known`,
      `Use one of ${VERSIONS.join(', ')}.`,
    )
  const interactive = isInteractive(exec, terminal)
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(exec.provideClusterInfo ? { cluster: clusterInfo(connection) } : {}) },
  }
  const env = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]))
  const output = await run(
    exec,
    { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    interactive,
    signal,
  )
  return readAnswer(exec, output)
}

const clusterInfo = (connection: Connection): object => ({
  server: connection.server,
  ...(connection.tlsServerName ? { 'tls-server-name': connection.tlsServerName } : {}),
  ...(connection.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
  ...(connection.ca ? { 'certificate-authority-data': Buffer.from(connection.ca).toString('base64') } : {}),
  ...(connection.proxyUrl ? { 'proxy-url': connection.proxyUrl } : {}),
  ...(connection.execConfig === undefined ? {} : { config: connection.execConfig }),
})

const run = async (
  { command, args, installHint }: KubeconfigExec,
  env: NodeJS.ProcessEnv,
  interactive: boolean,
  signal: AbortSignal | undefined,
): Promise<string> => {
  const child = spawn(command, [...(args ?? [])], {
    env,
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    ...(signal ? { signal } : {}),
  })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, by) => resolve(code ?? by))
  })
  try {
    const [output, status] = await Promise.all([text(child.stdout), ended])
    if (status === 0) return output
    throw new OperatorError(`${command} gave no credentials: it ended with ${status}`, 'See what it wrote above.')
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EACCES')) throw error
    throw new OperatorError(
      `${command}, which the kubeconfig names for credentials, cannot be run: ${messageOf(error)}`,
      installHint?.trim() || 'Install it, or name its full path in the kubeconfig.',
      { cause: error },
    )
  }
}

const readAnswer = ({ apiVersion, command }: KubeconfigExec, output: string): ExecCredential => {
  const wrong = (why: string, cause?: unknown) =>
    new OperatorError(`${command} gave no usable credentials: ${why}`, 'See the documentation of that program.', {
      cause,
    })
  let answer: unknown
  try {
    answer = JSON.parse(output)
  } catch (error) {
    throw wrong('its output is not JSON', error)
  }
  const field = (from: unknown, name: string): unknown =>
    typeof from === 'object' && from !== null ? (from as Record<string, unknown>)[name] : undefined
  if (field(answer, 'kind') !== 'ExecCredential' || field(answer, 'apiVersion') !== apiVersion)
    throw wrong(`it should be an ExecCredential of ${apiVersion}`)
  const status = field(answer, 'status')
  const string = (name: string): string | undefined => {
    const value = field(status, name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const token = string('token')
  const clientCert = string('clientCertificateData')
  const clientKey = string('clientKeyData')
  if ((clientCert === undefined) !== (clientKey === undefined))
    throw wrong('clientCertificateData and clientKeyData belong together')
  if (!token && !clientCert) throw wrong('neither a token nor a client certificate is in it')
  const expiration = string('expirationTimestamp')
  const expires = expiration === undefined ? undefined : Date.parse(expiration)
  if (Number.isNaN(expires)) throw wrong(`expirationTimestamp is no time: ${expiration}`)
  return { token, clientCert, clientKey, expires }
}
