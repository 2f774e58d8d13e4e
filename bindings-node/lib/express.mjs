import adapter from './express.js';

export const { readBody, receive, receiveSync, respond } = adapter;
