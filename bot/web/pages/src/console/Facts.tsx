interface Props {
  all: readonly (readonly [string, string | undefined])[];
}

/** Names and their values; what has no value is left out. */
export function Facts({ all }: Props) {
  return (
    <dl class="facts-list">
      {all
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
