import { type FieldsType, type MessageSchema, message, optional, required, string } from '../../schema/index.js'

const versionInfo = {
  major: required(0, string),
  minor: required(0, string),
  emulationMajor: optional(0, string),
  emulationMinor: optional(0, string),
  minCompatibilityMajor: optional(0, string),
  minCompatibilityMinor: optional(0, string),
  gitVersion: required(0, string),
  gitCommit: required(0, string),
  gitTreeState: required(0, string),
  buildDate: required(0, string),
  goVersion: required(0, string),
  compiler: required(0, string),
  platform: required(0, string),
}
export interface VersionInfo extends FieldsType<typeof versionInfo> {}
/** What `/version` answers. */
export const VersionInfo: MessageSchema<VersionInfo> = message('k8s.io.apimachinery.pkg.version.Info', versionInfo)
