import type { Resource } from '../../../machinery/resource.js'
import { storageVersionMigrations } from './storage-version-migrations.js'

/** The resources of storagemigration.k8s.io/v1beta1: served only where they are asked for. */
export const storagemigrationResources: readonly Resource[] = [
  storageVersionMigrations,
] as unknown as readonly Resource[]
