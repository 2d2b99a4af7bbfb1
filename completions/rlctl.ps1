# Completion for powershell. Written by rlctl: rlctl completion powershell
# Names are data: put into single quotes by PowerShell's rule, never evaluated.
Register-ArgumentCompleter -Native -CommandName rlctl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $kinds = 'Application', 'ExternalScript'
    $literal = [Management.Automation.Language.StringConstantExpressionAst]
    $quoting = [Management.Automation.Language.CodeGeneration]
    $program = Get-Command rlctl -CommandType $kinds -ErrorAction Ignore |
        Select-Object -First 1
    if (-not $program) { return }
    $elements = $commandAst.CommandElements | Select-Object -Skip 1
    $words = @(
        foreach ($element in $elements) {
            if ($element.Extent.EndOffset -ge $cursorPosition) { break }
            if ($element -is $literal) { $element.Value }
            else { $element.Extent.Text }
        }
    )
    $words += $wordToComplete.TrimStart([char]34, [char]39)
    $bytes = [Text.Encoding]::UTF8.GetBytes(($words -join [char]0))
    $line = [Convert]::ToBase64String($bytes)
    $answer = & $program __complete powershell -- $line 2>$null |
        ConvertFrom-Json
    foreach ($candidate in $answer.candidates) {
        $text = $candidate.value
        if ($text -notmatch '^[A-Za-z0-9_./:=-]+$') {
            $text = "'" + $quoting::EscapeSingleQuotedStringContent($text) + "'"
        }
        [Management.Automation.CompletionResult]::new(
            $text, $candidate.value, 'ParameterValue', $candidate.description)
    }
}
