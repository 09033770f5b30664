/** What went wrong, told to screen readers, too, when it appears. */
export function Problem({ problem }: { problem?: { sentence: string; code: string } }) {
  return (
    <div role="alert">
      {problem && (
        <p className="problem">
          {problem.sentence} <code>{problem.code}</code>
        </p>
      )}
    </div>
  );
}
