import { forbiddenField, immutable, invalidValue, required, tooLong } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { outOfRange } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, booleanColumn, nameColumn, textColumn } from '../../columns.js'
import { validateInlineVolume } from '../../core/v1/persistent-volumes.js'
import { validateCsiDriverName } from '../../core/v1/validate-volume-plugins.js'
import { requiredText, subdomainName } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { statusApart } from '../../status-apart.js'
import { VolumeAttachment, VolumeAttachmentSpec } from './volume-attachment.js'

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
      validateUpdate,
      keepsMetadata: ['labels', 'ownerReferences'],
      resetFields: ['metadata', 'spec'],
    }),
  ],
  strategy: {
    unconditionalUpdate: false,
    ...statusApart(() => ({ attached: false })),
    validate: attachment => [...validate(attachment), ...validateNames(attachment)],
    validateUpdate,
  },
})

function validate({ spec, status }: VolumeAttachment): FieldError[] {
  const errors = requiredText(spec.attacher, at.child('attacher'))
  const { persistentVolumeName: volume, inlineVolumeSpec } = spec.source
  const source = at.child('source')
  const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (inlineVolumeSpec === undefined && volume === undefined) errors.push(required(source, detail))
  else if (inlineVolumeSpec !== undefined && volume !== undefined) errors.push(forbiddenField(source, detail))
  else if (volume === '')
    errors.push(required(source.child('persistentVolumeName'), 'must specify non empty persistentVolumeName'))
  else if (inlineVolumeSpec) errors.push(...validateInlineVolume(inlineVolumeSpec, source.child('inlineVolumeSpec')))
  return [...errors, ...subdomainName(spec.nodeName, at.child('nodeName')), ...validateStatus(status)]
}

/** Rules that came with this version, for new objects alone. */
const validateNames = ({ spec }: VolumeAttachment): FieldError[] => [
  ...(spec.attacher ? validateCsiDriverName(spec.attacher, at.child('attacher')) : []),
  ...(spec.source.persistentVolumeName === undefined
    ? []
    : subdomainName(spec.source.persistentVolumeName, at.child('source', 'persistentVolumeName'))),
]

const mostMetadata = 256 * 1024
const longestMessage = 1024

function validateStatus({ attachmentMetadata, attachError, detachError }: VolumeAttachment['status']): FieldError[] {
  const here = root.child('status')
  const errors: FieldError[] = []
  const size = Object.entries(attachmentMetadata ?? {})
    .flat()
    .join('')
  if (Buffer.byteLength(size) > mostMetadata) errors.push(tooLong(here.child('attachmentMetadata'), mostMetadata))
  for (const [field, error] of Object.entries({ attachError, detachError })) {
    if (Buffer.byteLength(error?.message ?? '') > longestMessage)
      errors.push(tooLong(here.child(field, 'message'), mostMetadata))
    if (error?.errorCode !== undefined && error.errorCode < 0)
      errors.push(invalidValue(here.child(field, 'errorCode'), error.errorCode, outOfRange(0, 2 ** 31 - 1)))
  }
  return errors
}

function validateUpdate(now: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const errors = validate(now)
  if (!jsonEqual(now.spec, old.spec))
    errors.push(invalidValue(at, shownInternally(VolumeAttachmentSpec, now.spec), immutable))
  return errors
}
