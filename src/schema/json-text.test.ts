import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { findDuplicateFields, mayRepeatFields, parseJson, strictFieldErrors } from './json-text.js'
import { ConfigMap, JSONSchemaProps, Pod } from './test-messages.js'
import type { MessageSchema } from './types.js'

describe('parseJson', () => {
  const broken: readonly (readonly [string, string])[] = [
    ['', 'unexpected end of JSON input'],
    ['  ', 'unexpected end of JSON input'],
    ['{"apiVersion":"v1",', 'unexpected end of JSON input'],
    ['[', 'unexpected end of JSON input'],
    ['{"a"', 'unexpected end of JSON input'],
    ['"abc', 'unexpected end of JSON input'],
    ['"\\', 'unexpected end of JSON input'],
    ['tru', 'unexpected end of JSON input'],
    ['-', 'unexpected end of JSON input'],
    ['1.', 'unexpected end of JSON input'],
    ['1e+', 'unexpected end of JSON input'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['{"a":1} x', "invalid character 'x' after top-level value"],
    ['01', "invalid character '1' after top-level value"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1}', "invalid character '}' after array element"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['{"a":1]', "invalid character ']' after object key:value pair"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\u0001"', "invalid character '\\x01' in string literal"],
    ['nul!', "invalid character '!' in literal null (expecting 'l')"],
    ['-a', "invalid character 'a' in numeric literal"],
    ['1.a', "invalid character 'a' after decimal point in numeric literal"],
    ['1ea', "invalid character 'a' in exponent of numeric literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
    ['['.repeat(2000) + ']'.repeat(2000), 'exceeded max depth'],
  ]
  for (const [text, expected] of broken)
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.throws(() => parseJson(text), { name: 'JsonSyntaxError', message: expected })
    })

  it('accepts what is JSON', () => {
    assert.deepEqual(parseJson(' {"a":[1,-2.5e3,"\\u00e9\\"",true,null]} '), { a: [1, -2500, 'é"', true, null] })
    const brackets = JSON.stringify(Array.from({ length: 3000 }, () => '[{"'))
    assert.equal((parseJson(brackets) as unknown[]).length, 3000)
    const wide = JSON.stringify(Array.from({ length: 3000 }, () => [{ a: '}]"\\' }]))
    assert.equal((parseJson(wide) as unknown[]).length, 3000)
  })
})

describe('findDuplicateFields', () => {
  const texts: readonly (readonly [string, readonly string[]])[] = [
    ['{"a":1,"b":{"a":2}}', []],
    ['{"a":1,"a":2,"a":3}', ['a']],
    ['{"metadata":{"labels":{"x":"1","x":"2"},"name":"g","name":"f"}}', ['metadata.labels.x', 'metadata.name']],
    ['{"l":[{"a":1,"a":1},{"a":1},[{"b":1,"b":2}]]}', ['l[0].a', 'l[2][0].b']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['{"a":"{\\"b\\":1,\\"b\\":2}","c\\\\":1,"d":"\\\\"}', []],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['[]', []],
    ['"a"', []],
  ]
  for (const [text, expected] of texts)
    it(text, () => {
      assert.deepEqual(findDuplicateFields(text), expected)
    })
})

describe('strictFieldErrors', () => {
  const texts: readonly (readonly [MessageSchema, string, readonly string[]])[] = [
    [
      ConfigMap,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"g","labels":{"x":"1","x":"2"},"name":"f"},"data":{"a":"b"},"nope":1,"metadata2":{"x":1,"x":2}}',
      [
        'duplicate field "metadata.labels.x"',
        'duplicate field "metadata.name"',
        'unknown field "nope"',
        'unknown field "metadata2"',
      ],
    ],
    [Pod, '{"nope":1,"nope":2}', ['unknown field "nope"']],
    [
      Pod,
      '{"spec":{"containers":[{},{"livenessProbe":{"httpGet":{"port":1,"port":2},"exec":{}},"x":[{"a":1}]}]}}',
      [
        'duplicate field "spec.containers[1].livenessProbe.httpGet.port"',
        'unknown field "spec.containers[1].livenessProbe.exec"',
        'unknown field "spec.containers[1].x"',
      ],
    ],
    [
      Pod,
      '{"metadata":{"managedFields":[{"fieldsV1":{"a":1,"a":2},"z":0}]}}',
      ['unknown field "metadata.managedFields[0].z"'],
    ],
    [
      JSONSchemaProps,
      '{"default":{"a":1,"a":1},"items":{"nope":1,"type":"a","type":"b"},"properties":{"a":{"x":1}}}',
      ['unknown field "properties.a.x"'],
    ],
    [Pod, '{"spec":[{"a":1}],"status":1}', []],
  ]
  for (const [schema, text, expected] of texts)
    it(text, () => {
      assert.deepEqual(strictFieldErrors(text, schema), expected)
    })

  it('complains a hundred times at most', () => {
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, 1])))
    assert.equal(strictFieldErrors(many, Pod).length, 100)
  })
})

describe('fields that may stand twice', () => {
  const cases: readonly [string, boolean][] = [
    ['{"a":1,"b":{"c":[{"d":"x"},{"d":"y"}]}}', false],
    ['{ "a" \n:\t1, "b" : "c:d", "e": "\\\\" }', false],
    ['"a:b"', false],
    ['{"a":1,"a":2}', true],
    ['{"x":[{"a":1,"a":1}]}', true],
    ['{"a\\"":1,"b\\\\":":\\":","k:{\\"name\\":\\"c\\"}":{}}', true],
    ['{"a\\"":1,"b\\\\":"\\":","k:{\\"name\\":\\"c\\"}":{}}', false],
  ]
  for (const [text, expected] of cases) it(text, () => assert.equal(mayRepeatFields(text, JSON.parse(text)), expected))

  it('are never denied where there are some', () => {
    const json = fc.jsonValue().map(value => JSON.stringify(value))
    fc.assert(
      fc.property(json, json, fc.string(), (first, second, name) => {
        const text = `[{${JSON.stringify(name)}:${first},${JSON.stringify(name)}:${second}}]`
        assert.ok(mayRepeatFields(text, JSON.parse(text)))
      }),
    )
  })
})
