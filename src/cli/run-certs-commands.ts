import { type CertificateReport, inspectCertificates } from '../cluster/certificate-inventory.js'
import { renewCertificates } from '../cluster/certificate-renewal.js'
import { awaitUse, runningProcesses } from '../cluster/certificate-use.js'
import { commandFor } from '../cluster/command-for.js'
import { OperatorError } from '../cluster/operator-error.js'
import { type ClusterFlags, existingCluster } from './existing-cluster.js'
import { durationMs } from './flag-values.js'
import { residualText } from './residual-text.js'
import { formatTable } from './table.js'

interface CheckFlags extends ClusterFlags {
  readonly within: string
  readonly output: string
}

const day = 24 * 3_600_000

/** `t8s certs check`: exit code 1 if a certificate is of no use, or will be soon. */
export async function checkCerts(flags: CheckFlags): Promise<void> {
  if (flags.output !== 'table' && flags.output !== 'json')
    throw new OperatorError(`--output is ${JSON.stringify(flags.output)}`, 'Give table or json.')
  const within = periodMs('--within', flags.within)
  const { paths, config } = await existingCluster(flags)
  const now = Date.now()
  const reports = await inspectCertificates(paths, config, { now, within })
  process.stdout.write(flags.output === 'json' ? jsonOf(reports, now) : tableOf(reports, now))
  const bad = reports.filter(({ problem }) => problem !== undefined)
  if (bad.length === 0) return
  for (const { name, problem, expires } of bad) {
    const when = expires === undefined ? '' : ` (${new Date(expires).toISOString()})`
    process.stderr.write(`${name}: ${problem}${when}\n`)
  }
  const names = bad.some(({ authority }) => !authority) ? ` ${bad.map(({ name }) => name).join(' ')}` : ''
  process.stderr.write(`Renew with: ${commandFor(flags.name, `certs renew${names}`)}\n`)
  process.exitCode = 1
}

/** A duration as Kubernetes writes them, or days: `30d`. */
function periodMs(flag: string, value: string): number {
  const days = /^(\d+(?:\.\d+)?)d$/.exec(value)?.[1]
  return days === undefined ? durationMs(flag, value) : Number(days) * day
}

function tableOf(reports: readonly CertificateReport[], now: number): string {
  const header = ['NAME', 'SUBJECT', 'CN', 'EXPIRES', 'RESIDUAL', 'CA', 'WHERE']
  const rows = reports.map(({ name, subject, commonName, expires, authority, file }) => [
    name,
    subject ?? '-',
    commonName ?? '-',
    expires === undefined ? '-' : new Date(expires).toISOString().replace(/\.\d+Z$/, 'Z'),
    expires === undefined ? '-' : residualText(expires - now),
    authority ?? '-',
    file,
  ])
  return formatTable([header, ...rows])
}

function jsonOf(reports: readonly CertificateReport[], now: number): string {
  const certificates = reports.map(({ expires, file, authority, ...rest }) => ({
    ...rest,
    ...(expires === undefined
      ? {}
      : { expires: new Date(expires).toISOString(), residualSeconds: Math.floor((expires - now) / 1000) }),
    ...(authority ? { certificateAuthority: authority } : {}),
    file,
  }))
  return `${JSON.stringify({ certificates }, null, 2)}\n`
}

/** `t8s certs renew` */
export async function renewCerts(
  names: readonly string[],
  flags: ClusterFlags & { readonly newKeys?: boolean },
): Promise<void> {
  const { paths, config } = await existingCluster(flags)
  const before = await runningProcesses(paths)
  const renewed = await renewCertificates(paths, config, { names, newKeys: flags.newKeys ?? false })
  const reports = await inspectCertificates(paths, config, { now: Date.now(), within: 0 })
  for (const { name } of renewed) {
    const expires = reports.find(report => report.name === name)?.expires
    process.stdout.write(
      `${name}: renewed${expires === undefined ? '' : `, until ${new Date(expires).toISOString()}`}\n`,
    )
  }
  if (before) await awaitUse(paths, config, renewed, before)
  process.stdout.write(
    before
      ? 'The running cluster uses them.\n'
      : `The cluster is stopped; \`${commandFor(flags.name, 'up')}\` starts it with them.\n`,
  )
}
