import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { der, derContent, derTag, derValues, namedBits, objectId, readNamedBits, readObjectId, time } from './der.js'

const only = (bytes: Buffer) => derValues(bytes)[0]

describe('DER', () => {
  for (const [length, head] of [
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [256, '04820100'],
    [70_000, '0483011170'],
  ] as const)
    it(`a string of ${length} bytes`, () => {
      const bytes = der(derTag.octetString, Buffer.alloc(length, 7))
      assert.equal(bytes.toString('hex', 0, bytes.length - length), head)
      assert.equal(derContent(only(bytes), derTag.octetString).length, length)
    })

  for (const [text, hex] of [
    ['2.5.4.3', '0603550403'],
    ['1.2.840.113549.1.1.11', '06092a864886f70d01010b'],
    ['2.16.840.1.113730.4.1', '06096086480186f8420401'],
    ['2.999.1', '0603883701'],
  ] as const)
    it(`the object ${text}`, () => {
      assert.equal(objectId(text).toString('hex'), hex)
      assert.equal(readObjectId(only(Buffer.from(hex, 'hex'))), text)
    })

  for (const [flags, hex] of [
    [0, '030100'],
    [1, '03020780'],
    [0b101, '030205a0'],
    [1 << 8, '0303070080'],
  ] as const)
    it(`the flags ${flags.toString(2)}`, () => {
      assert.equal(namedBits(flags).toString('hex'), hex)
      assert.equal(readNamedBits(only(Buffer.from(hex, 'hex'))), flags)
    })

  for (const [text, written] of [
    ['2049-12-31T23:59:59.999Z', '\x17\x0d491231235959Z'],
    ['2050-01-01T00:00:00Z', '\x18\x0f20500101000000Z'],
  ] as const)
    it(`the time ${text}`, () => assert.equal(time(Date.parse(text)).toString('latin1'), written))

  for (const [what, hex] of [
    ['no length', '30'],
    ['less than it says', '3002aa'],
    ['a length without an end', '30800000'],
    ['a length in more bytes than needed', '3081050000000000'],
    ['a length of five bytes', '30850100000000'],
    ['a tag of several bytes', '1f8100'],
    ['something behind it that is cut off', '040004'],
  ] as const)
    it(`refuses a value with ${what}`, () =>
      assert.throws(() => derValues(Buffer.from(hex, 'hex')), /not encoded in DER/))

  for (const hex of ['0600', '060188', '060b2affffffffffffffffff7f', '0400'])
    it(`${hex} is no object identifier`, () => assert.throws(() => readObjectId(only(Buffer.from(hex, 'hex')))))
  for (const hex of ['0300', '030101', '030208ff'])
    it(`${hex} is no string of bits`, () => assert.throws(() => readNamedBits(only(Buffer.from(hex, 'hex')))))
})
