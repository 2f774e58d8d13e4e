import adapter from './fastify.js';

export const { rawBodies, readBody, receive, receiveSync, respond } = adapter;
