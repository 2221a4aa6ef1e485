import type { Metadata } from "next";
import Link from "next/link";

export const metadata: Metadata = { title: "Not found · Sentinel" };

export default function NotFound() {
  return (
    <div className="m-auto max-w-md px-6 py-16 text-center">
      <p className="font-mono text-sm text-ink-3">404</p>
      <h1 className="mt-2 text-2xl font-semibold">Page not found</h1>
      <p className="mt-2 text-ink-2">Nothing failed over: there is simply nothing at this address.</p>
      <Link
        href="/"
        className="mt-6 inline-flex min-h-10 items-center rounded-lg bg-accent px-4 text-sm font-medium text-on-accent hover:bg-accent-strong"
      >
        Back to the chat
      </Link>
    </div>
  );
}
