import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PersistentVolumeSource, PodSpec } from './core/v1/index.js'
import { objectDiff } from './object-diff.js'

describe('what changed between two objects', () => {
  it('is shown by the fields of the internal form, with what is not set', () =>
    assert.equal(
      objectDiff(PersistentVolumeSource, { hostPath: { path: '/d' } }, { hostPath: { path: '/<e>' } }),
      [
        '@@ -2,7 +2,7 @@',
        '  "GCEPersistentDisk": null,',
        '  "AWSElasticBlockStore": null,',
        '  "HostPath": {',
        '-  "Path": "/d",',
        '+  "Path": "/\\u003ce\\u003e",',
        '   "Type": null',
        '  },',
        '  "Glusterfs": null,',
        '',
      ].join('\n'),
    ))

  it('names the namespaces of the host where the internal form has them', () => {
    const spec = { containers: [], dnsPolicy: 'Default', restartPolicy: 'Always', schedulerName: 's' } as const
    assert.match(
      objectDiff(PodSpec, spec, { ...spec, hostPID: true }),
      /"HostNetwork": false,\n-\s+"HostPID": false,\n\+\s+"HostPID": true,\n/,
    )
  })
})
