/**
 * The syntax of names. Each check returns the messages upstream gives, none if the value is fine; the texts are part of
 * the protocol. `prefix` says the value is a `generateName`, to which a suffix is still added.
 */

export type NameCheck = (value: string, prefix?: boolean) => string[]

const label1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain1123 = `${label1123}(\\.${label1123})*`
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const underscored = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const subdomainUnderscored = `${underscored}(\\.${underscored})*`
const wildcardSubdomain = `\\*\\.${subdomain1123}`
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelValueSyntax = `(${qualified})?`
const configMapKeySyntax = '[-._a-zA-Z0-9]+'
const httpHeaderSyntax = '[-A-Za-z0-9]+'
const cIdentifierSyntax = '[A-Za-z_][A-Za-z0-9_]*'
const percentSyntax = '[0-9]+%'
const httpPathSyntax = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

const whole = (syntax: string): RegExp => new RegExp(`^(?:${syntax})$`)

const isLabel1123 = whole(label1123)
const isSubdomain1123 = whole(subdomain1123)
const isLabel1035 = whole(label1035)
const isSubdomainUnderscored = whole(subdomainUnderscored)
const isWildcard = whole(wildcardSubdomain)
const isQualified = whole(qualified)
const isLabelValue = whole(labelValueSyntax)
const isConfigMapKey = whole(configMapKeySyntax)
const isHttpHeader = whole(httpHeaderSyntax)
const isCIdentifier = whole(cIdentifierSyntax)
const isHttpPath = whole(httpPathSyntax)
const isPercent = whole(percentSyntax)

/** The common form of a message about a pattern. */
function patternMessage(text: string, syntax: string, ...examples: string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${syntax}')`
  const listed = examples.map(example => `'${example}', `).join(' or ')
  return `${text} (e.g. ${listed}regex used for validation is '${syntax}')`
}

const tooManyCharacters = (limit: number): string => `must be no more than ${limit} characters`
const tooManyBytes = (limit: number): string => `must be no more than ${limit} bytes`

/** The detail for a number outside its range. */
export const outOfRange = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`

/** The detail for a number below zero. */
export const notNegative = 'must be greater than or equal to 0'

// A generated suffix ends in a letter or digit, so a trailing dash of the prefix is fine.
const masked = (value: string, prefix: boolean): string =>
  prefix && value.length > 1 && value.endsWith('-') ? `${value.slice(0, -1)}a` : value

const byteLength = (value: string): number => (isAscii.test(value) ? value.length : Buffer.byteLength(value))
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const isAscii = /^[\x00-\x7f]*$/

const label1123Message = patternMessage(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  label1123,
  'my-name',
  '123-abc',
)
const subdomain1123Message = patternMessage(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  subdomain1123,
  'example.com',
)
const label1035Message = patternMessage(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  label1035,
  'my-name',
  'abc-123',
)
const underscoredMessage = patternMessage(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  subdomainUnderscored,
  'example.com',
)
const wildcardMessage = patternMessage(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  wildcardSubdomain,
  '*.example.com',
)
const qualifiedMessage = patternMessage(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualified,
  'MyName',
  'my.name',
  '123-abc',
)
const labelValueMessage = patternMessage(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelValueSyntax,
  'MyValue',
  'my_value',
  '12345',
)

/** DNS-1123 label, at most 63 characters: namespaces, containers, volumes. */
export function dns1123Label(value: string, prefix = false): string[] {
  const name = masked(value, prefix)
  const messages: string[] = []
  if (name.length > 63) messages.push(tooManyCharacters(63))
  if (!isLabel1123.test(name)) {
    messages.push(isSubdomain1123.test(name) ? 'must not contain dots' : label1123Message)
  }
  return messages
}

/** DNS-1123 subdomain, at most 253 characters: most objects. */
export function dns1123Subdomain(value: string, prefix = false): string[] {
  const name = masked(value, prefix)
  const messages: string[] = []
  if (name.length > 253) messages.push(tooManyCharacters(253))
  if (!isSubdomain1123.test(name)) messages.push(subdomain1123Message)
  return messages
}

/** DNS-1123 subdomain whose labels may hold underscores: DNS search paths. */
export function dns1123SubdomainWithUnderscore(value: string): string[] {
  const messages: string[] = []
  if (value.length > 253) messages.push(tooManyCharacters(253))
  if (!isSubdomainUnderscored.test(value)) messages.push(underscoredMessage)
  return messages
}

/** `*.` and a subdomain: hosts of ingress rules. */
export function wildcardDns1123Subdomain(value: string): string[] {
  const messages: string[] = []
  if (value.length > 253) messages.push(tooManyCharacters(253))
  if (!isWildcard.test(value)) messages.push(wildcardMessage)
  return messages
}

/** DNS-1035 label, at most 63 characters: services, API versions, plural names. */
export function dns1035Label(value: string, prefix = false): string[] {
  const name = masked(value, prefix)
  const messages: string[] = []
  if (name.length > 63) messages.push(tooManyCharacters(63))
  if (!isLabel1035.test(name)) messages.push(label1035Message)
  return messages
}

/** A name with an optional domain before a slash: label keys, finalizers, conditions, resource names. */
export function qualifiedName(value: string): string[] {
  const messages: string[] = []
  const slash = value.indexOf('/')
  let name = value
  if (slash >= 0) {
    if (value.includes('/', slash + 1)) {
      return [
        `a valid label key ${qualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ]
    }
    const domain = value.slice(0, slash)
    name = value.slice(slash + 1)
    if (domain === '') messages.push('prefix part must be non-empty')
    else for (const message of dns1123Subdomain(domain)) messages.push(`prefix part ${message}`)
  }
  if (name === '') messages.push('name part must be non-empty')
  else if (name.length > 63 && byteLength(name) > 63) messages.push(`name part ${tooManyBytes(63)}`)
  if (!isQualified.test(name)) messages.push(`name part ${qualifiedMessage}`)
  return messages
}

/** The value of a label, at most 63 bytes. */
export function labelValue(value: string): string[] {
  const messages: string[] = []
  if (value.length > 63) messages.push(tooManyBytes(63))
  if (!isLabelValue.test(value)) messages.push(labelValueMessage)
  return messages
}

/** A key of annotations: a qualified name in any case. */
export const annotationKey = (value: string): string[] => qualifiedName(value.toLowerCase())

/** What can stand between two slashes of a URL: roles, bindings and other names that are not DNS names. */
export function pathSegmentName(value: string, prefix = false): string[] {
  if (!prefix && (value === '.' || value === '..')) return [`may not be '${value}'`]
  const messages: string[] = []
  for (const part of ['/', '%']) if (value.includes(part)) messages.push(`may not contain '${part}'`)
  return messages
}

/** The name of a container's port, at most 15 characters. */
export function portName(value: string): string[] {
  const messages: string[] = []
  if (value.length > 15) messages.push(tooManyCharacters(15))
  if (!/^[-a-z0-9]+$/.test(value)) {
    messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(value)) messages.push('must contain at least one letter (a-z)')
  if (value.includes('--')) messages.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) messages.push('must not begin or end with a hyphen')
  return messages
}

/** 1 to 65535. */
export const portNumber = (value: number): string[] => (value >= 1 && value <= 65535 ? [] : [outOfRange(1, 65535)])

/** User and group ids: 0 to 2^31-1. */
export const userId = (value: number): string[] =>
  value >= 0 && value <= 0x7fffffff ? [] : [outOfRange(0, 0x7fffffff)]

/** Names of environment variables: any printable ASCII but `=`. */
export function envVarName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty']
  return /^[ -<>-~]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

// Keys become file names in volumes.
function directoryNames(value: string): string[] {
  if (value === '.') return ["must not be '.'"]
  if (value === '..') return ["must not be '..'"]
  return value.startsWith('..') ? ["must not start with '..'"] : []
}

/** Keys of ConfigMaps and Secrets. */
export function configMapKey(value: string): string[] {
  const messages: string[] = []
  if (value.length > 253) messages.push(tooManyCharacters(253))
  if (!isConfigMapKey.test(value)) {
    messages.push(
      patternMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configMapKeySyntax,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    )
  }
  return [...messages, ...directoryNames(value)]
}

/** Names of HTTP headers. */
export const httpHeaderName = (value: string): string[] =>
  isHttpHeader.test(value)
    ? []
    : [
        patternMessage(
          "a valid HTTP header must consist of alphanumeric characters or '-'",
          httpHeaderSyntax,
          'X-Header-Name',
        ),
      ]

/** `25%`. */
export const percentText = (value: string): string[] =>
  isPercent.test(value)
    ? []
    : [
        patternMessage(
          "a valid percent string must be a numeric string followed by an ending '%'",
          percentSyntax,
          '1%',
          '93%',
        ),
      ]

/** An identifier of C: names inside expressions. */
export const cIdentifier = (value: string): string[] =>
  isCIdentifier.test(value)
    ? []
    : [
        patternMessage(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          cIdentifierSyntax,
          'my_name',
          'MY_NAME',
          'MyName',
        ),
      ]

/** `acme.io/foo`: names of controllers and the like. */
export function domainPrefixedPath(value: string): string[] {
  const slash = value.indexOf('/')
  if (slash <= 0 || slash === value.length - 1) return ['must be a domain-prefixed path (such as "acme.io/foo")']
  const messages = dns1123Subdomain(value.slice(0, slash))
  if (!isHttpPath.test(value.slice(slash + 1))) messages.push(patternMessage('Invalid path', httpPathSyntax))
  return messages
}

/** A domain name of at least two labels, a trailing dot allowed. */
export function fullyQualifiedDomainName(value: string): string[] {
  const name = value.endsWith('.') ? value.slice(0, -1) : value
  const messages = dns1123Subdomain(name)
  if (messages.length) return messages
  return name.includes('.') ? [] : ['should be a domain with at least two segments separated by dots']
}

const conditionReasonSyntax = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const isConditionReason = whole(conditionReasonSyntax)
const conditionReasonMessage = patternMessage(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  conditionReasonSyntax,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
)

/** Why a condition is as it is: `MinimumReplicasAvailable`. */
export const conditionReason = (value: string): string[] =>
  isConditionReason.test(value) ? [] : [conditionReasonMessage]
