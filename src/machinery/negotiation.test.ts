import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bodyMedia,
  type Conversion,
  isPartialMetadata,
  isTable,
  type Media,
  negotiate,
  patchTypeOf,
} from './negotiation.js'

const converts = (to: Conversion, media: Media) => isTable(to, media) || isPartialMetadata(to)

describe('the form of an answer', () => {
  const cases: [string | undefined, Media, string?][] = [
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['*', 'json'],
    ['application/*', 'json'],
    ['application/yaml', 'yaml'],
    ['application/vnd.kubernetes.protobuf', 'protobuf'],
    ['application/vnd.kubernetes.protobuf,application/json', 'protobuf'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['application/json;q=0.1,application/yaml;q=0.9', 'yaml'],
    ['application/json;q=0,application/yaml', 'yaml'],
    ['*/*,application/yaml', 'yaml'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', 'Table'],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'json', 'Table'],
    ['application/yaml;as=Table;v=v1;g=meta.k8s.io', 'yaml', 'Table'],
    ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json', 'json'],
    ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'json', 'PartialObjectMetadataList'],
    ['application/json;as=Thing;v=v1;g=meta.k8s.io, application/json', 'json'],
    [
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      'protobuf',
      'PartialObjectMetadata',
    ],
    ['application/json; profile="a,b;c"', 'json'],
  ]
  for (const [accept, media, kind] of cases) {
    it(String(accept), () => {
      const negotiated = negotiate(accept, { converts })
      assert.equal(negotiated.media, media)
      assert.equal(negotiated.as?.kind, kind)
    })
  }

  it('reads profiles and the framing of watches', () => {
    assert.equal(negotiate('application/json;profile=nopeer').profile, 'nopeer')
    assert.equal(negotiate('application/vnd.kubernetes.protobuf;stream=watch', { stream: true }).stream, true)
    assert.equal(negotiate('application/json;pretty=1').pretty, true)
  })

  const list = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
  const faults: [string, string, object?][] = [
    ['text/csv', `406: Not Acceptable\n\nAvailable representations: ${list}`, {}],
    ['application/json;as=Thing;v=v1;g=meta.k8s.io', `only the following media types are accepted: ${list}`],
    ['application/json;stream=watch', `only the following media types are accepted: ${list}`],
  ]
  for (const [accept, message, details] of faults) {
    it(accept, () => {
      assert.throws(() => negotiate(accept, { converts }), { code: 406, reason: 'NotAcceptable', message, details })
    })
  }
})

describe('the form of a custom resource', () => {
  const converts = ({ kind }: { kind: string }) => kind === 'PartialObjectMetadata'
  const protobuf = 'application/vnd.kubernetes.protobuf'
  it('is no protobuf, but for what it is converted to', () => {
    assert.equal(negotiate(`${protobuf},application/json`, { converts, custom: true }).media, 'json')
    const as = ';as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
    assert.equal(negotiate(protobuf + as, { converts, custom: true }).media, 'protobuf')
  })
  const list = `application/json, application/yaml, ${protobuf}`
  for (const accept of [protobuf, 'text/csv'])
    it(`is not ${accept}`, () => {
      const message = `only the following media types are accepted: ${list}`
      assert.throws(() => negotiate(accept, { converts, custom: true }), { code: 406, message, details: undefined })
    })
})

describe('the form of a body', () => {
  it('is JSON unless said otherwise', () => {
    assert.equal(bodyMedia(undefined), 'json')
    assert.equal(bodyMedia('application/json; charset=utf-8'), 'json')
    assert.equal(bodyMedia('application/yaml'), 'yaml')
    assert.throws(() => bodyMedia('text/plain'), {
      code: 415,
      reason: 'UnsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    })
  })

  it('tells the kinds of patches apart', () => {
    assert.equal(patchTypeOf('application/merge-patch+json'), 'merge')
    assert.equal(patchTypeOf('application/apply-patch+yaml; charset=utf-8'), 'apply')
    for (const type of ['application/json', 'application/foo', undefined]) {
      assert.throws(() => patchTypeOf(type), { code: 415, message: '415: Unsupported Media Type', details: {} })
    }
    for (const type of ['application/strategic-merge-patch+json', 'application/json', undefined])
      assert.throws(() => patchTypeOf(type, ['json', 'merge', 'apply']), {
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      })
  })
})
