// The API: people's notes. Reading takes one scope, writing another; a token gets at the notes of the person that it is about, and no others.

import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { bearer } from './bearer.mjs';

/** How many notes a person may have, and how long one may be. */
const MOST = 100;
const LONGEST = 500;

/** @param {{ issuer: string, audience: string, readScope?: string, writeScope?: string }} configuration */
export function makeApi({ issuer, audience, readScope = 'Notes.Read', writeScope = 'Notes.Write' }) {
  const { needs } = bearer({ issuer, audience, realm: 'notes' });
  /** Lost when the API ends; a real one has a database. @type {Map<string, string[]>} */
  const notes = new Map();
  const notesOf = (/** @type {string} */ person) => notes.get(person) ?? [`The first note of ${person}.`];

  /** @type {Hono<{ Variables: { person: string } }>} */
  const api = new Hono();
  api.get('/notes', needs(readScope), (c) => c.json({ notes: notesOf(c.get('person')) }));
  const limit = bodyLimit({ maxSize: 10_000, onError: (c) => c.json({ error: 'that is too long' }, 413) });
  api.post('/notes', needs(writeScope), limit, async (c) => {
    const text = (await c.req.json().catch(() => undefined))?.text;
    if (typeof text !== 'string' || !text.trim() || text.length > LONGEST) {
      return c.json({ error: `"text" must be a text of 1 to ${LONGEST} characters` }, 400);
    }
    const person = c.get('person');
    const before = notesOf(person);
    if (before.length >= MOST) return c.json({ error: `there are ${MOST} notes already` }, 409);
    notes.set(person, [...before, text]);
    return c.json({ text }, 201);
  });
  api.notFound((c) => c.json({ error: 'there is nothing here' }, 404));
  api.onError((error, c) => {
    console.error(error.message);
    return c.json({ error: 'something went wrong' }, 500);
  });
  return api;
}
