import type { ComponentChildren } from "preact";

interface Props {
  title: string;
  /** Of the table, for those who do not see it. */
  label: string;
  /** Headings; one of text begins with a blank, the others stand above numbers. */
  columns: readonly string[];
  /** Scrolls by itself when it has many rows. */
  tall?: boolean;
  /** Its rows have long names, which are broken into lines. */
  long?: boolean;
  children: ComponentChildren;
}

/** A card with a table, which scrolls sideways where the screen is narrow. */
export function TableCard({ title, ...table }: Props) {
  return (
    <section class="card wide" aria-label={title}>
      <h2>{title}</h2>
      <Table {...table} />
    </section>
  );
}

export function Table(props: Omit<Props, "title">) {
  const { label, columns, tall, long, children } = props;
  const look = `scroll${tall ? " tall" : ""}${long ? " long" : ""}`;
  return (
    <div class={look} tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col" class={name.startsWith(" ") ? "text" : undefined}>
                {name.trim()}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
