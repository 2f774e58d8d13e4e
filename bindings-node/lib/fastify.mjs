import adapter from './fastify.js';

export const { rawBodies, readBody, receive, receiveDevice, receiveSync, respond } = adapter;
