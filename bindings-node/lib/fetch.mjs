import adapter from './fetch.js';

export const { readBody, receive, receiveSync, respond } = adapter;
