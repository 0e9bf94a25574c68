import { Condition, GroupResource, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  type MessageSchema,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const storageVersionMigrationSpec = { resource: required(1, GroupResource) }
export interface StorageVersionMigrationSpec extends FieldsType<typeof storageVersionMigrationSpec> {}
export const StorageVersionMigrationSpec: MessageSchema<StorageVersionMigrationSpec> = message(
  'StorageVersionMigrationSpec',
  storageVersionMigrationSpec,
)

const storageVersionMigrationStatus = {
  conditions: optional(1, keyed(Condition, ['type'], 'type')),
  resourceVersion: optional(2, string),
}
export interface StorageVersionMigrationStatus extends FieldsType<typeof storageVersionMigrationStatus> {}
export const StorageVersionMigrationStatus: MessageSchema<StorageVersionMigrationStatus> = message(
  'StorageVersionMigrationStatus',
  storageVersionMigrationStatus,
)

const storageVersionMigration = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, StorageVersionMigrationSpec),
  status: embedded(3, StorageVersionMigrationStatus),
}
export interface StorageVersionMigration extends TypeMeta, FieldsType<typeof storageVersionMigration> {}
export interface StorageVersionMigrationInit extends TypeMeta, FieldsInit<typeof storageVersionMigration> {}
/** Asks for every object of a resource to be written anew, in the form in which it is stored today. */
export const StorageVersionMigration: Kind<StorageVersionMigration, StorageVersionMigrationInit> = kind(
  'StorageVersionMigration',
  { plural: 'storageversionmigrations', namespaced: false },
  storageVersionMigration,
)
