import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.core.v1', { group: '', version: 'v1' })
