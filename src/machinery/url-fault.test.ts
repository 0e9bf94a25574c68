import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { urlFault } from './url-fault.js'

const cases: readonly (readonly [string, string | undefined])[] = [
  ['', undefined],
  ['https://a.example.com/x?y#z', undefined],
  ['https://[::1]:8443/x', undefined],
  ['https://a/b c', undefined],
  ['mailto:a%zz', undefined],
  ['a/b:c', undefined],
  ['://', 'parse "://": missing protocol scheme'],
  ['a_b:c', 'parse "a_b:c": first path segment in URL cannot contain colon'],
  ['https://a\n', 'parse "https://a\\n": net/url: invalid control character in URL'],
  ['https://a b/', 'parse "https://a b/": invalid character " " in host name'],
  ['https://a:b/', 'parse "https://a:b/": invalid port ":b" after host'],
  ['https://[::1/', 'parse "https://[::1/": missing \']\' in host'],
  ['https://[::1]x/', 'parse "https://[::1]x/": invalid port "x" after host'],
  ['https://a/%zz#f', 'parse "https://a/%zz": invalid URL escape "%zz"'],
  ['https://a/%', 'parse "https://a/%": invalid URL escape "%"'],
  ['https://a/#%z', 'parse "https://a/#%z": invalid URL escape "%z"'],
  ['https://u[@a/', 'parse "https://u[@a/": net/url: invalid userinfo'],
]

describe('why a URL cannot be parsed', () => {
  for (const [url, expected] of cases) it(JSON.stringify(url), () => assert.equal(urlFault(url), expected))
})
