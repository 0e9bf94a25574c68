import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { ObjectReference } from '../../core/v1/index.js'
import { kind, message } from './declare.js'
import { JobTemplateSpec } from './job.js'

const cronJobSpec = {
  schedule: required(1, string),
  timeZone: pointer(8, string),
  startingDeadlineSeconds: pointer(2, int64),
  concurrencyPolicy: optional(3, string, { enum: ['Allow', 'Forbid', 'Replace'] }),
  suspend: pointer(4, boolean),
  jobTemplate: required(5, JobTemplateSpec),
  successfulJobsHistoryLimit: pointer(6, int32),
  failedJobsHistoryLimit: pointer(7, int32),
}
export interface CronJobSpec extends FieldsType<typeof cronJobSpec> {}
export interface CronJobSpecInit extends FieldsInit<typeof cronJobSpec> {}
export const CronJobSpec: MessageSchema<CronJobSpec, CronJobSpecInit> = message('CronJobSpec', cronJobSpec)

const cronJobStatus = {
  active: optional(1, list(ObjectReference)),
  lastScheduleTime: pointer(4, time),
  lastSuccessfulTime: pointer(5, time),
}
export interface CronJobStatus extends FieldsType<typeof cronJobStatus> {}
export const CronJobStatus: MessageSchema<CronJobStatus> = message('CronJobStatus', cronJobStatus)

const cronJob = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, CronJobSpec),
  status: embedded(3, CronJobStatus),
}
export interface CronJob extends TypeMeta, FieldsType<typeof cronJob> {}
export interface CronJobInit extends TypeMeta, FieldsInit<typeof cronJob> {}
/** Makes jobs by the clock. */
export const CronJob: Kind<CronJob, CronJobInit> = kind('CronJob', { plural: 'cronjobs', namespaced: true }, cronJob)
