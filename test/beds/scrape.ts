/** What Prometheus reads: the values by name and labels, as the text has them. */
export async function scrape(port: number): Promise<Map<string, number>> {
  const answer = await fetch(`http://localhost:${port}/metrics`);
  const lines = (await answer.text()).split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}
