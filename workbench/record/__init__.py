"""The record part of the Record & test page: takes of words, saved one by one."""
