import { forbiddenField, required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, booleanColumn, nameColumn, textColumn } from '../../columns.js'
import { validateCsiDriverName } from '../../core/v1/validate-volume-plugins.js'
import { subdomainName, unchanged } from '../../field-rules.js'
import { statusApart } from '../../status-apart.js'
import { VolumeAttachment } from './volume-attachment.js'

const at = root.child('spec')

export const volumeAttachments: Resource<VolumeAttachment> = resource(VolumeAttachment, {
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    {
      ...textColumn<VolumeAttachment>('Attacher', ({ spec }) => spec.attacher, { field: 'spec.attacher' }),
      format: 'name',
    },
    textColumn('PV', ({ spec }) => spec.source.persistentVolumeName ?? '', {
      field: 'spec.source.persistentVolumeName',
    }),
    textColumn('Node', ({ spec }) => spec.nodeName, { field: 'spec.nodeName' }),
    booleanColumn('Attached', ({ status }) => status.attached, { field: 'status.attached' }),
    ageColumn,
  ],
  subresources: [
    statusView({
      keepsMetadata: ['labels', 'ownerReferences'],
      resetFields: ['metadata', 'spec'],
    }),
  ],
  strategy: {
    ...statusApart(() => ({ attached: false })),
    validate,
    validateUpdate: (now, old) => [...validate(now), ...unchanged(now.spec, old.spec, at)],
  },
})

function validate({ spec }: VolumeAttachment): FieldError[] {
  const errors = validateCsiDriverName(spec.attacher, at.child('attacher'))
  const { persistentVolumeName: volume, inlineVolumeSpec } = spec.source
  const source = at.child('source')
  const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (inlineVolumeSpec === undefined && volume === undefined) errors.push(required(source, detail))
  else if (inlineVolumeSpec !== undefined && volume !== undefined) errors.push(forbiddenField(source, detail))
  else if (volume === '')
    errors.push(required(source.child('persistentVolumeName'), 'must specify non empty persistentVolumeName'))
  return [...errors, ...subdomainName(spec.nodeName, at.child('nodeName'))]
}
