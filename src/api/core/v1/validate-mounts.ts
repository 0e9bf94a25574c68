import { forbiddenField, invalidValue, notFoundField, notSupported, required } from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { requiredText } from '../../field-rules.js'
import { ofItems } from '../../list-rules.js'
import type { Container, VolumeMount } from './container.js'
import { validateDescendingPath } from './validate-paths.js'
import type { Volume } from './volume.js'

const propagations = ['Bidirectional', 'HostToContainer', 'None']

/** Mounts and raw devices of a container, against the volumes of its pod. */
export function validateMounts(
  container: Container,
  volumes: ReadonlyMap<string, Volume>,
  at: FieldPath,
): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container
  const paths = new Set<string>()
  const mounts = ofItems(volumeMounts, (mount, i) => {
    const here = at.child('volumeMounts').index(i)
    const { name, mountPath } = mount
    const errors = requiredText(name, here.child('name'))
    if (!volumes.has(name)) errors.push(notFoundField(here.child('name'), name))
    errors.push(...requiredText(mountPath, here.child('mountPath')))
    if (paths.has(mountPath)) errors.push(invalidValue(here.child('mountPath'), mountPath, 'must be unique'))
    paths.add(mountPath)
    if (volumeDevices.some(device => device.name === name))
      errors.push(invalidValue(here.child('name'), name, 'must not already exist in volumeDevices'))
    if (volumeDevices.some(device => device.devicePath === mountPath))
      errors.push(invalidValue(here.child('mountPath'), mountPath, 'must not already exist as a path in volumeDevices'))
    return [...errors, ...validateMount(mount, container, at.child('volumeMounts'), here)]
  })
  return volumeDevices.length > 0
    ? [...mounts, ...validateDevices(container, volumes, at.child('volumeDevices'))]
    : mounts
}

/** Some of these errors are reported of the list, not of the item. */
function validateMount(mount: VolumeMount, container: Container, list: FieldPath, at: FieldPath): FieldError[] {
  const { subPath, subPathExpr, mountPropagation, recursiveReadOnly, readOnly } = mount
  const errors = subPath ? validateDescendingPath(subPath, list.child('subPath')) : []
  if (subPathExpr) {
    if (subPath)
      errors.push(invalidValue(at.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
    errors.push(...validateDescendingPath(subPathExpr, list.child('subPathExpr')))
  }
  if (mountPropagation !== undefined) {
    const here = list.child('mountPropagation')
    if (!propagations.includes(mountPropagation)) errors.push(notSupported(here, mountPropagation, propagations))
    if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged)
      errors.push(forbiddenField(here, 'Bidirectional mount propagation is available only to privileged containers'))
  }
  if (recursiveReadOnly !== undefined && recursiveReadOnly !== 'Disabled') {
    const here = list.child('recursiveReadOnly')
    if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible')
      return [...errors, notSupported(here, recursiveReadOnly, ['Disabled', 'IfPossible', 'Enabled'])]
    if (!readOnly) errors.push(forbiddenField(here, 'may only be specified when readOnly is true'))
    if (mountPropagation !== undefined && mountPropagation !== 'None')
      errors.push(forbiddenField(here, 'may only be specified when mountPropagation is None or not specified'))
  }
  return errors
}

function validateDevices(
  { volumeDevices = [], volumeMounts = [] }: Container,
  volumes: ReadonlyMap<string, Volume>,
  at: FieldPath,
): FieldError[] {
  const names = new Set<string>()
  const paths = new Set<string>()
  return ofItems(volumeDevices, ({ name, devicePath }, i) => {
    const here = at.index(i)
    const errors = requiredText(name, here.child('name'))
    if (names.has(name)) errors.push(invalidValue(here.child('name'), name, 'must be unique'))
    const volume = volumes.get(name)
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(
        invalidValue(
          here.child('name'),
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      )
    if (!volume) errors.push(notFoundField(here.child('name'), name))
    if (!devicePath) errors.push(required(here.child('devicePath')))
    if (paths.has(devicePath)) errors.push(invalidValue(here.child('devicePath'), devicePath, 'must be unique'))
    const climbs = devicePath.split('/').includes('..')
    if (climbs) errors.push(invalidValue(here.child('devicePath'), devicePath, "can not contain backsteps ('..')"))
    if (volumeMounts.some(mount => mount.name === name))
      errors.push(invalidValue(here.child('name'), name, 'must not already exist in volumeMounts'))
    if (volumeMounts.some(mount => mount.mountPath === devicePath))
      errors.push(
        invalidValue(here.child('devicePath'), devicePath, 'must not already exist as a path in volumeMounts'),
      )
    if (name) names.add(name)
    if (!climbs) paths.add(devicePath)
    return errors
  })
}
