import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as names from './names.js'

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const part =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

// biome-ignore lint/performance/noDynamicNamespaceImportAccess: a test has no bundle
const check = (name: keyof typeof names) => names[name] as names.NameCheck

const cases: [keyof typeof names, string, string[]][] = [
  ['dns1123Label', 'web-1', []],
  ['dns1123Label', 'Bad_Name!', [label]],
  ['dns1123Label', '', [label]],
  ['dns1123Label', 'a.b', ['must not contain dots']],
  ['dns1123Label', 'x'.repeat(64), ['must be no more than 63 characters']],
  ['dns1123Subdomain', 'a.b-c.d', []],
  ['dns1123Subdomain', 'a..b', [subdomain]],
  ['dns1123Subdomain', 'x'.repeat(254), ['must be no more than 253 characters']],
  ['dns1123SubdomainWithUnderscore', '_sip._tcp.example.com', []],
  ['wildcardDns1123Subdomain', '*.a.b', []],
  ['dns1035Label', 'web', []],
  [
    'dns1035Label',
    '1.0',
    [
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  ['qualifiedName', 'example.com/My_Name', []],
  ['qualifiedName', '', ['name part must be non-empty', part]],
  ['qualifiedName', 'a b', [part]],
  ['qualifiedName', '/c', ['prefix part must be non-empty']],
  ['qualifiedName', 'A_B/c', [`prefix part ${subdomain}`]],
  ['qualifiedName', 'x'.repeat(64), ['name part must be no more than 63 bytes']],
  ['labelValue', '', []],
  ['labelValue', 'My_value.1', []],
  [
    'labelValue',
    'b c',
    [
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ],
  ['labelValue', 'x'.repeat(64), ['must be no more than 63 bytes']],
  ['annotationKey', 'Example.COM/A', []],
  ['pathSegmentName', 'system:node', []],
  ['pathSegmentName', '..', ["may not be '..'"]],
  ['pathSegmentName', 'a/b%', ["may not contain '/'", "may not contain '%'"]],
  ['portName', 'http-1', []],
  ['portName', 'averyveryverylongname', ['must be no more than 15 characters']],
  ['portName', 'Not_ok', ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']],
  [
    'portName',
    '-1--',
    [
      'must contain at least one letter (a-z)',
      'must not contain consecutive hyphens',
      'must not begin or end with a hyphen',
    ],
  ],
  ['envVarName', 'my.var-1 x', []],
  [
    'envVarName',
    'A=B',
    ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ],
  ['configMapKey', 'a.b_c-D', []],
  ['configMapKey', '..data', ["must not start with '..'"]],
  [
    'configMapKey',
    'a b',
    [
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  ['httpHeaderName', 'X-A', []],
  [
    'percentText',
    '5',
    [
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  ['domainPrefixedPath', 'acme.io/foo', []],
  ['domainPrefixedPath', 'abc', ['must be a domain-prefixed path (such as "acme.io/foo")']],
]

for (const [name, value, expected] of cases) {
  it(`${name} ${JSON.stringify(value.slice(0, 30))}`, () => {
    assert.deepEqual(check(name)(value), expected)
  })
}

describe('prefixes of generated names', () => {
  it('may end in a dash', () => {
    assert.deepEqual(names.dns1123Subdomain('web-', true), [])
    assert.deepEqual(names.dns1035Label('web-', true), [])
    assert.notDeepEqual(names.dns1123Label('web-'), [])
    assert.deepEqual(names.pathSegmentName('..', true), [])
  })
})

it('takes time in proportion to the length', () => {
  const hostile = `${'a-'.repeat(100_000)}!`
  for (const name of ['dns1123Label', 'dns1123Subdomain', 'qualifiedName', 'labelValue', 'portName'] as const) {
    assert.notDeepEqual(check(name)(hostile), [])
  }
})
