import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.batch.v1', { group: 'batch', version: 'v1' })
