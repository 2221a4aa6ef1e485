/** Amounts of money in words. */

/** US dollars, small ones with the two figures that matter: `$1.23`, `$0.0042`, `$0.0000048`. */
export function formatUsd(usd: number): string {
  const options = usd === 0 || usd >= 1 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : SMALL;
  return `$${usd.toLocaleString("en", options)}`;
}

const SMALL = { maximumSignificantDigits: 2 } as const;
