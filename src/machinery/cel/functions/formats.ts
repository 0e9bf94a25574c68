import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../names.js'
import { base64, uuid } from '../../text-formats.js'
import { timestampOf } from '../time.js'
import { ListValue, none, OpaqueValue, Optional } from '../values.js'
import { declare, type Signatures } from './declare.js'

class Format extends OpaqueValue {
  readonly typeName = 'kubernetes.NamedFormat'

  constructor(
    readonly name: string,
    readonly check: (text: string) => readonly string[],
  ) {
    super()
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Format && other.name === this.name
  }
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && timestampOf(`${text}T00:00:00Z`) !== undefined
}

const unless = (good: boolean, message: string): readonly string[] => (good ? [] : [message])

const formats: readonly Format[] = [
  new Format('dns1123Label', dns1123Label),
  new Format('dns1123Subdomain', dns1123Subdomain),
  new Format('dns1035Label', dns1035Label),
  new Format('qualifiedName', qualifiedName),
  new Format('dns1123LabelPrefix', text => dns1123Label(text, true)),
  new Format('dns1123SubdomainPrefix', text => dns1123Subdomain(text, true)),
  new Format('dns1035LabelPrefix', text => dns1035Label(text, true)),
  new Format('labelValue', labelValue),
  new Format('uri', text => unless(URL.canParse(text) || /^\/[^\s]*$/.test(text), 'invalid URI')),
  new Format('uuid', text => unless(uuid.test(text), 'does not match the UUID format')),
  new Format('byte', text => unless(base64.test(text), 'invalid base64')),
  new Format('date', text => unless(isDate(text), 'invalid date')),
  new Format('datetime', text => unless(timestampOf(text) !== undefined, 'invalid datetime')),
]

const constants: Signatures = Object.fromEntries(
  formats.map(format => [`format::${format.name}(): kubernetes.NamedFormat`, () => format]),
)

export const formatFunctions = declare({
  ...constants,
  'format::named(string): optional_type(kubernetes.NamedFormat)': (name: string) => {
    const format = formats.find(candidate => candidate.name === name)
    return format ? new Optional(format) : none
  },
  'kubernetes.NamedFormat.validate(string): optional_type(list(string))': (format: Format, text: string) => {
    const messages = format.check(text)
    return messages.length > 0 ? new Optional(new ListValue(messages)) : none
  },
})
