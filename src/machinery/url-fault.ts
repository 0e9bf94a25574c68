import { goQuote } from './go-format.js'

/** Why upstream cannot parse a URL, in its words (`parse "://": missing protocol scheme`); undefined if it can. */
export function urlFault(url: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  if (/[\x00-\x1f\x7f]/.test(url)) return `parse ${goQuote(url)}: net/url: invalid control character in URL`
  const at = url.indexOf('#')
  const main = at < 0 ? url : url.slice(0, at)
  const fault = faultOf(main)
  if (fault) return `parse ${goQuote(main)}: ${fault}`
  const badEscape = at < 0 ? undefined : escapingFault(url.slice(at + 1))
  return badEscape && `parse ${goQuote(url)}: ${badEscape}`
}

function faultOf(url: string): string | undefined {
  if (url.startsWith(':')) return 'missing protocol scheme'
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(url)?.[0] ?? ''
  const [rest = ''] = url.slice(scheme.length).split('?')
  if (!rest.startsWith('/')) {
    if (scheme) return undefined
    if (rest.split('/')[0]?.includes(':')) return 'first path segment in URL cannot contain colon'
  }
  if (!rest.startsWith('//') || (!scheme && rest.startsWith('///'))) return escapingFault(rest)
  const end = rest.indexOf('/', 2)
  return authorityFault(rest.slice(2, end < 0 ? undefined : end)) ?? escapingFault(end < 0 ? '' : rest.slice(end))
}

function authorityFault(authority: string): string | undefined {
  const at = authority.lastIndexOf('@')
  const user = authority.slice(0, Math.max(at, 0))
  const fault = hostFault(authority.slice(at + 1))
  if (fault || at < 0) return fault
  return /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user) ? escapingFault(user) : 'net/url: invalid userinfo'
}

function hostFault(host: string): string | undefined {
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host"
  const port = host.startsWith('[') ? host.slice(host.lastIndexOf(']') + 1) : (/:[^:]*$/.exec(host)?.[0] ?? '')
  if (!/^(?::[0-9]*)?$/.test(port)) return `invalid port ${goQuote(port)} after host`
  const badEscape = escapingFault(host)
  if (badEscape) return badEscape
  const [strange] = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host) ?? []
  return strange && `invalid character ${goQuote(strange)} in host name`
}

function escapingFault(text: string): string | undefined {
  const [bad] = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text) ?? []
  return bad && `invalid URL escape ${goQuote(bad)}`
}
