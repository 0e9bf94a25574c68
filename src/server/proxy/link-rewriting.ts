import { posix } from 'node:path'

/** Where a proxied answer came from, and where its links have to lead. */
export interface LinkBase {
  /** Path of the proxy, which links to the root of the backend get in front: `/api/v1/namespaces/x/pods/y/proxy`. */
  readonly prefix: string
  /** `HOST:PORT` of the backend. */
  readonly backendHost: string
  /** The Host header of the client. */
  readonly clientHost: string
}

const reference = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s

/** A link of a backend as it leads there through the proxy; links elsewhere, and relative ones, stay as they are. */
export function rewriteLink(link: string, { prefix, backendHost, clientHost }: LinkBase): string {
  const [, scheme, host = '', path = '', rest = ''] = reference.exec(link) ?? []
  if (!path.startsWith('/') || (host && host !== backendHost && host !== clientHost)) return link
  const origin = host && host === clientHost ? `${scheme ? `${scheme}:` : ''}//${host}` : ''
  const led = path.startsWith(prefix) ? path : posix.join(prefix, path)
  return origin + led + rest
}

/** Which attributes of an HTML element are links. */
const linkAttributes: { readonly [element: string]: readonly string[] } = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}

/** Elements whose content is text, whatever it looks like. */
const textElements = /^(?:iframe|noembed|noframes|noscript|plaintext|script|style|textarea|title|xmp)$/
const startTag = /^<([a-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/i
const attribute = /([^\s=/>"']+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)/g
/** A tag that has not ended after so many characters is none. */
const longestTag = 64 * 1024

/** Rewrites the links of an HTML text that comes in pieces, split anywhere. */
export class HtmlLinks {
  #held = ''
  /** Name of the element whose text is being read. */
  #within = ''

  constructor(private readonly rewrite: (link: string) => string) {}

  /** Takes the next piece; returns what of the text can be told by now. */
  push(piece: string): string {
    return this.#process(this.#held + piece, false)
  }

  /** The rest of the text. */
  end(): string {
    return this.#process(this.#held, true)
  }

  #process(text: string, complete: boolean): string {
    let done = ''
    let at = 0
    for (;;) {
      const open = text.indexOf('<', at)
      if (open < 0) {
        this.#held = ''
        return done + text.slice(at)
      }
      done += text.slice(at, open)
      const length = this.#tag(text.slice(open, open + longestTag))
      if (length === undefined && !complete && text.length - open < longestTag) {
        this.#held = text.slice(open)
        return done
      }
      const { read, written } = length ?? { read: 1, written: '<' }
      done += written
      at = open + read
    }
  }

  /** What the text begins with and what becomes of it; undefined if that takes more text to tell. */
  #tag(text: string): { readonly read: number; readonly written: string } | undefined {
    if (this.#within) {
      const end = `</${this.#within}`
      const begun = text.slice(0, end.length).toLowerCase()
      if (begun === end) this.#within = ''
      else if (begun.length < end.length && end.startsWith(begun)) return undefined
      return { read: 1, written: '<' }
    }
    if ('<!--'.startsWith(text.slice(0, 4))) {
      const end = text.indexOf('-->', 2)
      return end < 0 ? undefined : { read: end + 3, written: text.slice(0, end + 3) }
    }
    if (text.length > 1 && !/^<[a-z]/i.test(text)) return { read: 1, written: '<' }
    const [whole, name = '', attributes = ''] = startTag.exec(text) ?? []
    if (whole === undefined) return undefined
    const element = name.toLowerCase()
    if (textElements.test(element)) this.#within = element
    const links = Object.hasOwn(linkAttributes, element) ? linkAttributes[element] : undefined
    const written = links ? `<${name}${this.#attributes(attributes, links)}>` : whole
    return { read: whole.length, written }
  }

  #attributes(text: string, links: readonly string[]): string {
    return text.replace(attribute, (whole, name: string, equals: string, value: string) => {
      if (!links.includes(name.toLowerCase())) return whole
      const quoted = /^["']/.test(value)
      const link = unescapeHtml(quoted ? value.slice(1, -1) : value)
      const rewritten = this.rewrite(link)
      return rewritten === link ? whole : `${name}${equals}"${escapeHtml(rewritten)}"`
    })
  }
}

const entities: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const unescapeHtml = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name) return entities[name.toLowerCase()] ?? whole
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
    return code > 0 && code < 0x80 ? String.fromCharCode(code) : whole
  })

const escapeHtml = (text: string): string =>
  text
    .replace(/&(?!#)/g, '&amp;')
    .replace(/"/g, '&#34;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
