/**
 * Where a field is, as validation names it: `spec.containers[0].resources.limits[cpu]`. Extending a path costs one small
 * object; the text is only made when an error needs it.
 */
export class FieldPath {
  private constructor(
    private readonly parent: FieldPath | undefined,
    /** The name of a field, the key of a value, or the position of an item. */
    private readonly step: string | number,
    private readonly isField: boolean,
  ) {}

  /** The object itself; everything else is below it. */
  static readonly root = new FieldPath(undefined, '', true)

  /** A field below this one, or one further down: `child('a', 'b')` is `.a.b`. */
  child(name: string, below?: string, last?: string): FieldPath {
    const path = new FieldPath(this, name, true)
    return below === undefined ? path : path.child(below, last)
  }

  /** Another field of the same object. */
  sibling(name: string): FieldPath {
    return new FieldPath(this.parent, name, true)
  }

  /** An item of a list. */
  index(position: number): FieldPath {
    return new FieldPath(this, position, false)
  }

  /** A value of a map. */
  key(key: string): FieldPath {
    return new FieldPath(this, key, false)
  }

  get isRoot(): boolean {
    return this.parent === undefined
  }

  toString(): string {
    let text = ''
    for (let path: FieldPath = this; path.parent; path = path.parent)
      text = (path.isField ? (path.parent.isRoot ? path.step : `.${path.step}`) : `[${path.step}]`) + text
    return text
  }
}

/** The object itself; everything else is below it. */
export const root = FieldPath.root
