import { isIPv4, isIPv6 } from 'node:net'
import { durationOf, timestampOf } from '../../../machinery/cel/time.js'
import { parseCidr } from '../../../machinery/ip-address.js'
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js'
import { base64, uuid } from '../../../machinery/text-formats.js'

const versioned = (version: number): RegExp =>
  new RegExp(
    `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[${version === 3 ? '0-9' : '89'}a-f][0-9a-f]{3}-?[0-9a-f]{12}$`,
    'i',
  )
const uuid3 = versioned(3)
const uuid4 = versioned(4)
const uuid5 = versioned(5)
const mac = /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}\1[0-9a-f]{2}\1)?[0-9a-f]{2}$/i
const email = /^[^\s@<>()[\],;:\\"]+@[^\s@]+$/
const hostname =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i
const longDuration =
  /^\s*\d+(\.\d+)?\s*(ns|nano|nanosecond|us|µs|micro|microsecond|ms|milli|millisecond|s|sec|second|m|min|minute|h|hr|hour|d|day|w|wk|week)s?\s*$/

function isUri(text: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) ? URL.canParse(text) : /^\/\S*$/.test(text)
}

function isbn(text: string, length?: 10 | 13): boolean {
  const digits = text.replace(/[\s-]/g, '')
  if (length !== 13 && /^\d{9}[\dX]$/.test(digits)) {
    const sum = [...digits].reduce((total, char, i) => total + (10 - i) * (char === 'X' ? 10 : Number(char)), 0)
    return sum % 11 === 0
  }
  if (length === 10 || !/^\d{13}$/.test(digits)) return false
  return [...digits].reduce((total, char, i) => total + Number(char) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

function creditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  if (!/^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11})$/.test(digits))
    return false
  let sum = 0
  for (const [i, char] of [...digits].reverse().entries()) {
    const value = Number(char) * (i % 2 === 1 ? 2 : 1)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

const isDate = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && timestampOf(`${text}T00:00:00Z`) !== undefined
const isDateTime = (text: string): boolean =>
  timestampOf(text.replace(/^(.{10})t/, '$1T').replace(/z$/, 'Z')) !== undefined

/** The formats of strings that are checked: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation */
export const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', text => /^[0-9a-f]{24}$/i.test(text)],
  ['uri', isUri],
  ['email', text => email.test(text)],
  ['hostname', text => hostname.test(text)],
  ['ipv4', isIPv4],
  ['ipv6', isIPv6],
  ['cidr', text => parseCidr(text) !== undefined],
  ['mac', text => mac.test(text)],
  ['uuid', text => uuid.test(text)],
  ['uuid3', text => uuid3.test(text)],
  ['uuid4', text => uuid4.test(text)],
  ['uuid5', text => uuid5.test(text)],
  ['isbn', text => isbn(text)],
  ['isbn10', text => isbn(text, 10)],
  ['isbn13', text => isbn(text, 13)],
  ['creditcard', creditCard],
  ['ssn', text => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ['hexcolor', text => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  [
    'rgbcolor',
    text =>
      /^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*(,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*){2}\)$/.test(text),
  ],
  ['byte', text => base64.test(text)],
  ['password', () => true],
  ['date', isDate],
  ['date-time', isDateTime],
  ['datetime', isDateTime],
  ['duration', text => durationOf(text) !== undefined || longDuration.test(text)],
  ['k8s-short-name', text => dns1123Label(text).length === 0],
  ['k8s-long-name', text => dns1123Subdomain(text).length === 0],
] as const satisfies readonly (readonly [string, (text: string) => boolean])[])
