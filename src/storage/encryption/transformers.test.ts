import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aesCbc, aesGcm, derivedAesGcm } from './aes.js'
import { identity } from './identity.js'
import { secretbox } from './secretbox.js'
import { type Plain, prefixed, type Transformer } from './transformer.js'

const path = '/registry/secrets/default/a'
const plain = Buffer.from('{"kind":"Secret"}')
const counting = (count: number, from = 0) => Buffer.from(Array.from({ length: count }, (_, i) => from + i))
const key = counting(32)
const other = counting(32, 1)

const read = (transformer: Transformer, stored: Uint8Array, at = path): string => {
  const { bytes } = transformer.fromStorage(stored, at) as Plain
  return Buffer.from(bytes).toString()
}

describe('what others have written', () => {
  // Made with another library; the last with the vectors of NaCl's own tests.
  const naclKey = Buffer.from('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389', 'hex')
  for (const [name, transformer, stored, expected] of [
    [
      'AES-GCM',
      aesGcm(key),
      '000102030405060708090a0b3c20bd72ab81e021af12f2e8c38c0c4ffe1088c8292577bb0a7c5fec9690e03563',
      plain.toString('hex'),
    ],
    [
      'AES-CBC',
      aesCbc(key),
      '000102030405060708090a0b0c0d0e0f1e99f42a87db9ef8ab2a289efc82058d9b6df3c3b806157e27663d659124bb7a',
      plain.toString('hex'),
    ],
    [
      'AES-GCM with derived keys',
      derivedAesGcm(key),
      '6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283000102030405060708090a0bd751beb3cd7def4a24c97646346faac487c0951182f761f084dfe1f017b2e96303',
      plain.toString('hex'),
    ],
    [
      'secretbox',
      secretbox(naclKey),
      '69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
      'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
    ],
  ] as const)
    it(`is read: ${name}`, () => {
      const { bytes } = transformer.fromStorage(Buffer.from(stored, 'hex'), path) as Plain
      assert.equal(Buffer.from(bytes).toString('hex'), expected)
    })
})

describe('transformers', () => {
  const authenticated = 'cipher: message authentication failed'
  const boxed = 'output array was not large enough for encryption'
  const short = 'the stored data was shorter than the required size'
  for (const { name, make, keySizes, forged, elsewhere } of [
    { name: 'AES-GCM', make: aesGcm, keySizes: [16, 24, 32], forged: authenticated, elsewhere: authenticated },
    { name: 'AES-GCM, derived', make: derivedAesGcm, keySizes: [32], forged: authenticated, elsewhere: authenticated },
    { name: 'secretbox', make: secretbox, keySizes: [32], forged: boxed, elsewhere: undefined },
    { name: 'AES-CBC', make: aesCbc, keySizes: [16, 24, 32], forged: undefined, elsewhere: undefined },
  ] as const) {
    it(`${name}: writes what it reads, never the same twice`, () => {
      for (const size of keySizes) {
        const transformer = make(counting(size))
        const stored = transformer.toStorage(plain, path)
        assert.equal(read(transformer, stored), plain.toString())
        assert.notDeepEqual(stored, transformer.toStorage(plain, path))
        assert.equal(Buffer.from(stored).includes('Secret'), false)
        assert.equal(read(transformer, transformer.toStorage(new Uint8Array(0), path)), '')
      }
    })

    it(`${name}: refuses what is too short, forged, of another key or of another place`, () => {
      const transformer = make(key)
      const stored = Buffer.from(transformer.toStorage(plain, path))
      assert.throws(() => read(transformer, stored.subarray(0, 3)), { message: short })
      for (let length = 0; length < stored.length; length++)
        assert.throws(() => read(transformer, stored.subarray(0, length)), Error, `${length} bytes`)
      if (forged) {
        const changed = Buffer.from(stored)
        changed[stored.length - 1] = (changed[stored.length - 1] ?? 0) ^ 1
        assert.throws(() => read(transformer, changed), { message: forged })
        assert.throws(() => read(make(other), stored), { message: forged })
      }
      if (elsewhere)
        assert.throws(() => read(transformer, stored, '/registry/secrets/default/b'), { message: elsewhere })
    })
  }

  it('AES-CBC says what does not fit', () => {
    const transformer = aesCbc(key)
    assert.throws(() => read(transformer, counting(17)), {
      message: 'the stored data is not a multiple of the block size',
    })
    assert.throws(() => read(transformer, counting(16)), { message: 'invalid PKCS7 data (empty or not padded)' })
    assert.throws(() => read(transformer, counting(32)), { message: 'invalid padding on input' })
  })

  it('a seed that is too short is none', () => {
    assert.throws(() => derivedAesGcm(counting(31)), { message: 'invalid seed length 31 used for key generation' })
  })
})

describe('prefixed', () => {
  const seen: string[] = []
  const keyed = (...keys: [string, Uint8Array][]) => {
    const [first, ...others] = keys.map(([name, bytes]) => ({ prefix: `${name}:`, transformer: aesGcm(bytes) }))
    assert.ok(first)
    return {
      prefix: 'k8s:enc:aesgcm:v1:',
      transformer: prefixed([first, ...others], 'no matching key was found for the provided AES transformer'),
    }
  }
  const plainly = { prefix: '', transformer: identity }
  const whole = (...parts: [ReturnType<typeof keyed>, ...ReturnType<typeof keyed>[]]) =>
    prefixed(parts, 'no matching prefix found', (type, prefix, _seconds, error) =>
      seen.push(`${type} ${prefix}${error ? ' failed' : ''}`),
    )
  const old = whole(keyed(['key1', key]))
  const stored = old.toStorage(plain, path)

  it('writes with the first', () => {
    assert.equal(Buffer.from(stored).subarray(0, 23).toString(), 'k8s:enc:aesgcm:v1:key1:')
    const unencrypted = whole(plainly, keyed(['key1', key]))
    assert.equal(unencrypted.toStorage(plain, path), plain)
  })

  for (const [title, transformer, value, expected] of [
    ['the first', old, stored, { stale: false }],
    ['a key that is not the first', whole(keyed(['key2', other], ['key1', key])), stored, { stale: true }],
    ['a provider that is not the first', whole(plainly, keyed(['key1', key])), stored, { stale: true }],
    ['a name that two keys have', whole(keyed(['key1', other], ['key1', key])), stored, { stale: true }],
    ['what is not encrypted yet', whole(keyed(['key1', key]), plainly), plain, { stale: true }],
    ['what is not encrypted any more', whole(plainly, keyed(['key1', key])), plain, { stale: false }],
    ['nobody', old, plain, 'no matching prefix found'],
    ['no key', whole(keyed(['key2', key])), stored, 'no matching key was found for the provided AES transformer'],
    ['the wrong key', whole(keyed(['key1', other])), stored, 'cipher: message authentication failed'],
    [
      'two wrong keys',
      whole(keyed(['key1', other], ['key1', counting(32, 2)])),
      stored,
      '[cipher: message authentication failed, cipher: message authentication failed]',
    ],
    ['identity alone', whole(plainly), stored, 'no matching prefix found'],
  ] as const)
    it(`reads with ${title}`, () => {
      if (typeof expected === 'string') assert.throws(() => transformer.fromStorage(value, path), { message: expected })
      else assert.deepEqual(transformer.fromStorage(value, path), { bytes: plain, ...expected })
    })

  it('hands on what is not encrypted as it came', () => {
    const { bytes } = whole(keyed(['key1', key]), plainly).fromStorage(plain, path) as Plain
    assert.equal(bytes, plain)
  })

  it('tries the next when one fails later', async () => {
    const late = (result: Promise<Plain>): Transformer => ({ fromStorage: () => result, toStorage: bytes => bytes })
    const failing = { prefix: 'x:', transformer: late(Promise.reject(new Error('not mine'))) }
    const reading = { prefix: 'x:', transformer: late(Promise.resolve({ bytes: plain, stale: false })) }
    assert.deepEqual(await prefixed([failing, reading], 'none').fromStorage(Buffer.from('x:y'), path), {
      bytes: plain,
      stale: true,
    })
    const alone = { prefix: 'x:', transformer: late(Promise.reject(new Error('not mine'))) }
    await assert.rejects(async () => prefixed([alone], 'none').fromStorage(Buffer.from('x:y'), path), {
      message: 'not mine',
    })
  })

  it('tells of every transformation', () => {
    seen.length = 0
    const both = whole(keyed(['key1', key]), plainly)
    both.toStorage(plain, path)
    both.fromStorage(stored, path)
    both.fromStorage(plain, path)
    assert.throws(() => both.fromStorage(Buffer.from('k8s:enc:aescbc:v1:x'), path))
    assert.deepEqual(seen, [
      'to_storage k8s:enc:aesgcm:v1:',
      'from_storage k8s:enc:aesgcm:v1:',
      'from_storage identity',
      'from_storage identity failed',
      'from_storage unknown failed',
    ])
  })
})
