import adapter from './express.js';

export const { readBody, receive, receiveDevice, receiveSync, respond } = adapter;
