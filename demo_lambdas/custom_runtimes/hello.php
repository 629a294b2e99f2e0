<?php
function handler(array $event): array
{
    $name = $event["name"] ?? "world";
    fwrite(STDERR, "Saying hello to $name\n");
    return ["message" => "Hello $name, from PHP " . PHP_MAJOR_VERSION];
}
