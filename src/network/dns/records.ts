import { formatIp, parseIp } from '../../machinery/ip-address.js'
import { encodeName } from './names.js'

export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

export const responseCodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Too large for the header: its upper bits are in the OPT record. */
  BADVERS: 16,
} as const

export const internetClass = 1

export interface DnsRecord {
  readonly name: string
  readonly type: number
  /** In seconds. */
  readonly ttl: number
  /** Without compressed names. */
  readonly data: Uint8Array
}

/** An A or AAAA record. Throws if the address is none. */
export function addressRecord(name: string, ttl: number, address: string): DnsRecord {
  const parsed = parseIp(address)
  if (!parsed) throw new Error(`${address} is no IP address`)
  const { family, value } = parsed
  const type = family === 4 ? recordTypes.A : recordTypes.AAAA
  const digits = family === 4 ? 8 : 32
  return { name, type, ttl, data: Buffer.from(value.toString(16).padStart(digits, '0'), 'hex') }
}

/** A CNAME, NS or PTR record. */
export const nameRecord = (name: string, type: number, ttl: number, target: string): DnsRecord => ({
  name,
  type,
  ttl,
  data: encodeName(target),
})

export function srvRecord(
  name: string,
  ttl: number,
  { priority, weight, port, target }: { priority: number; weight: number; port: number; target: string },
): DnsRecord {
  const head = Buffer.alloc(6)
  head.writeUInt16BE(priority, 0)
  head.writeUInt16BE(weight, 2)
  head.writeUInt16BE(port, 4)
  return { name, type: recordTypes.SRV, ttl, data: Buffer.concat([head, encodeName(target)]) }
}

export const txtRecord = (name: string, ttl: number, text: string): DnsRecord => ({
  name,
  type: recordTypes.TXT,
  ttl,
  data: Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]),
})

/** The record that names a zone; `minimum` is how long, in seconds, one may remember that a name does not exist. */
export function soaRecord(
  name: string,
  ttl: number,
  { server, mailbox, serial, minimum }: { server: string; mailbox: string; serial: number; minimum: number },
): DnsRecord {
  const numbers = Buffer.alloc(20)
  for (const [index, value] of [serial, 7200, 1800, 86_400, minimum].entries())
    numbers.writeUInt32BE(value >>> 0, index * 4)
  return { name, type: recordTypes.SOA, ttl, data: Buffer.concat([encodeName(server), encodeName(mailbox), numbers]) }
}

/** The address in an A or AAAA record's data. */
export const addressOf = ({ data }: Pick<DnsRecord, 'data'>): string =>
  formatIp({ family: data.length === 4 ? 4 : 6, value: BigInt(`0x${Buffer.from(data).toString('hex') || '0'}`) })
